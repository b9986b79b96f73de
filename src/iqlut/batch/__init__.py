"""Upscaling of one file or many: planning, output sizes, and the work on each file.

`planning` decides which file each input becomes, with `folder_files` and `target_names`;
`output_size` decides how large it becomes, and `one_file` upscales it. Nothing in this package
prints.
"""
