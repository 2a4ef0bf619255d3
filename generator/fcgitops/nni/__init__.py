"""NNI experiments: what is checked, rendered and deployed of them. Nothing here imports NNI."""
