"""Model to files: an overlay, NNI's folders, the skeleton. Pure but for the template."""
