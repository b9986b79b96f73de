"""Training: images, patches and their damage, the training loop, checkpoints and conversion."""
