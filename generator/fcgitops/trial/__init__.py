"""`kind-test`: one environment tried on a throw-away cluster."""
