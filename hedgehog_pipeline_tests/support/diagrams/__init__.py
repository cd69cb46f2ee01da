"""Entity relationship diagrams of the declared tables, as SVG."""
