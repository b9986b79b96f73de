"""Tools for developers: native checks, golden vectors, mutation tests, pictures and fits."""
