"""An NNI experiment file: read, loaded and judged as NNI 3.0 does, without NNI."""
