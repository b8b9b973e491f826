"""The desktop viewer. Qt lives here and nowhere else; the engine never imports this package."""
