"""Turns results/*.json into the tables of README.md and docs/ and the plots of docs/images/."""
