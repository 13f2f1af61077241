-- The body comes from the file that is named after `--`.
wrk.method = "POST"
function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.body = file:read("*a")
  file:close()
end
