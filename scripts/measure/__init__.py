"""Measurements: each program writes one or more files of results/ and states where the numbers come
from.
"""
