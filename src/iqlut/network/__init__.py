"""The trainable network (PyTorch): configuration, layers, and conversion to integer tables."""
