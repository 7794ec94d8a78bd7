-- Asks Curfew's gate whether a request may pass. See haproxy.cfg.
local gate = "http://127.0.0.1:8471/check"
local patience = 12000 -- milliseconds; longer than the gate's ask_within

-- Said by us, or about a connection.
local own = {["x-original-uri"] = true, ["x-original-method"] = true, ["host"] = true, ["connection"] = true,
             ["content-length"] = true, ["transfer-encoding"] = true, ["expect"] = true, ["upgrade"] = true,
             ["te"] = true, ["trailer"] = true}

core.register_action("curfew_check", {"http-req"}, function(txn)
  local headers = {["x-original-uri"] = {txn.f:pathq()}, ["x-original-method"] = {txn.f:method()},
                   ["host"] = {"gate"}}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not own[name:lower()] then
      local list = {}
      for _, value in pairs(values) do list[#list + 1] = value end
      headers[name] = list
    end
  end
  local client = core.httpclient()
  local answer = client:get{url = gate, headers = headers, timeout = patience}
  local status = answer and answer.status or 0
  if status == 200 then
    txn:set_var("txn.curfew", "pass")
    local cache, warning = answer.headers["cache-control"], answer.headers["x-curfew-warning"]
    if cache then txn:set_var("txn.curfew_cache", cache[0]) end
    if warning then txn:set_var("txn.curfew_warning", warning[0]) end
  elseif status == 401 or status == 403 then
    txn:set_var("txn.curfew", "refused")
  else
    txn:set_var("txn.curfew", "down")
  end
end)
