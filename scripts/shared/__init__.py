"""What several programs of scripts/ import; nothing here is run by itself."""
