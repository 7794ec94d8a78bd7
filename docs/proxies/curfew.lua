-- Asks Curfew's gate whether a request may pass. See apache.conf.
local gate_host, gate_port = "127.0.0.1", 8471
local patience = 12 -- seconds; longer than the gate's ask_within

local socket = require "socket"
local connection -- one in each thread, kept open

-- One question on the open connection. The answer's status and headers; nil: no answer.
local function exchange(question)
  if not connection then
    local fresh = socket.tcp()
    fresh:settimeout(patience)
    if not fresh:connect(gate_host, gate_port) then return nil end
    fresh:setoption("tcp-nodelay", true)
    connection = fresh
  end
  if not connection:send(question) then return nil end
  local first = connection:receive("*l")
  local status = first and first:match("^HTTP/1%.[01] (%d%d%d)")
  if not status then return nil end
  local headers = {}
  while true do
    local line = connection:receive("*l")
    if not line then return nil end
    if line == "" then break end
    local name, value = line:match("^([^:]+):%s*(.-)%s*$")
    if not name then return nil end
    headers[name:lower()] = value
  end
  local length = tonumber(headers["content-length"] or "0")
  if not length or (length > 0 and not connection:receive(length)) then return nil end
  if (headers["connection"] or ""):lower() == "close" then
    connection:close()
    connection = nil
  end
  return tonumber(status), headers
end

local function close()
  if connection then connection:close() end
  connection = nil
end

function check(r)
  -- The gate's own pages are its own to judge; its question and answer are for nobody else.
  if r.uri == "/curfew/check" then return 404 end
  if r.uri:sub(1, 8) == "/curfew/" then return apache2.DECLINED end

  local lines = {"GET /check HTTP/1.1", "Host: gate", "X-Original-URI: " .. r.unparsed_uri,
                 "X-Original-Method: " .. r.method, "X-Real-IP: " .. r.useragent_ip}
  for name, value in pairs(r:headers_in_table()) do
    local lower = name:lower()
    if lower == "x-original-uri" or lower == "x-original-method" or lower == "x-real-ip" or lower == "host" or
       lower == "connection" or lower == "content-length" or lower == "transfer-encoding" or lower == "expect" or
       lower == "upgrade" or lower == "te" or lower == "trailer" then
      -- said by us, or about this connection
    elseif type(value) == "table" then
      for _, one in ipairs(value) do lines[#lines + 1] = name .. ": " .. one end
    else
      lines[#lines + 1] = name .. ": " .. value
    end
  end
  local question = table.concat(lines, "\r\n") .. "\r\n\r\n"

  local was_open = connection ~= nil
  local status, headers = exchange(question)
  if not status then
    close()
    -- A connection that was open may just have been dropped as idle.
    if was_open then status, headers = exchange(question) end
  end
  if not status then
    close()
    r:err("curfew: the gate does not answer")
    return 503
  end
  if status == 200 then
    if headers["cache-control"] then r.subprocess_env["CURFEW_CACHE"] = headers["cache-control"] end
    if headers["x-curfew-warning"] then r.subprocess_env["CURFEW_WARNING"] = headers["x-curfew-warning"] end
    return apache2.DECLINED
  end
  if status == 401 or status == 403 then return status end
  r:err("curfew: the gate answers " .. status)
  return 503
end
