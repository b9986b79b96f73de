"""Restoration: measure the damage of an image (JPEG, noise) and choose the restoration strength that it needs."""
