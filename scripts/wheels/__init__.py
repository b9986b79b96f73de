"""Wheels for every platform, built on any of them by one C cross compiler: `make wheels`."""
