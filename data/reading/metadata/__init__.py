"""What a file says beside its picture: XMP, C2PA manifests, EXIF and texts, walked over by lengths and names alone.

May import `data.reading`. Open `read` first: it names the format's own file.
"""
