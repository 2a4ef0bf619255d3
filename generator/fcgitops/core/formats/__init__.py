"""One module an output format, which has a function from a report to text, `render`."""
