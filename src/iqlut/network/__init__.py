"""The trainable network (PyTorch): its configuration, its layers, and its conversion to integer
tables.
"""
