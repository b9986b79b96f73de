"""What a trained model is: integer tables, their file format, and the shipped models."""
