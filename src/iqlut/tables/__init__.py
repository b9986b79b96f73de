"""Integer tables: what a model is once it is trained, its file format, and the models that ship with the package."""
