
-- What every script ends with.

return commands[ARGV[2]](unpack(ARGV, 3))
