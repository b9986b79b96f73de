"""Upscaling of one file or many: planning, output sizes, and the work on each file.

`planning` decides which file each input becomes, `output_size` how large it becomes, and `one_file`
upscales it. Nothing in this package prints.
"""
