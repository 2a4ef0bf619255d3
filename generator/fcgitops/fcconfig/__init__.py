"""FrameworkController's own configuration file: read, judged, merged and explained."""
