# scheduling
