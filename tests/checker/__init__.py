"""An independent checker of the exported trail. It shares no code with the product that wrote it."""
