"""Programs of this repository, run from its root as modules: `python -m
scripts.measure.engine_figures`.

`measure` writes results/*.json, `render` turns those files into documents and plots, `dev` holds
tools for developers, and `shared` what several of these programs import.
"""
