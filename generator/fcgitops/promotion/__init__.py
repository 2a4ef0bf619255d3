"""What goes from environment to environment: foreseen, verified, guarded, and taken back."""
