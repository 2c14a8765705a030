select word from search_words
 where word >= {beginning} and word < {beginning} || 'zzzz'
 order by frequency desc, word limit 10;
