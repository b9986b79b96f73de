"""Times of upscalers and training steps, measured in interleaved runs against a named baseline."""
