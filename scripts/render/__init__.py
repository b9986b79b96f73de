"""Turns results/*.json into the tables of README.md and docs/, and into the plots of docs/images/."""
