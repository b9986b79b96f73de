"""Measure the damage of an image by JPEG and noise, and choose the restoration strength for it."""
