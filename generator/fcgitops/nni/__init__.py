"""NNI experiments: where they run, what runs them, and what is wrong with their files."""
