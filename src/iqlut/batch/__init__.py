"""Many pictures, or one: what each becomes (`plan`), how large (`sizes`), and doing it (`one_file`). Nothing prints."""
