"""Programs that try to break iqlut with damaged files, interrupts and runs at the same time."""
