"""How long engines take, against Pillow's bicubic on the same picture in the same minutes."""
