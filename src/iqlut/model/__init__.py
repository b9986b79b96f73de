"""The trainable graph (torch), and its conversion to integer tables."""
