-- SPDX-License-Identifier: GPL-2.0
-- Sessions of a server: requests come in bursts for some users, follow links between
-- them and leave histories, which are cut from time to time. sessions.lua SEED
local USERS, HISTORY, FRIENDS = 30000, 8, 4
local state = tonumber(arg[1]) * 2654435761 + 1

local function draw(n)
	state = state ~ (state << 13)
	state = state ~ (state >> 7)
	state = state ~ (state << 17)
	return (state >> 11) % n + 1
end

local function user(i)
	return {id = i, name = "user" .. i, visits = 0, history = {}, friends = {}}
end

local users = {}
for i = 1, USERS do
	users[i] = user(i)
end
for i = 1, USERS do
	for k = 1, FRIENDS do
		users[i].friends[k] = users[draw(USERS)]
	end
end
print("ready")
io.stdout:flush()

-- Half of the requests are for a hundredth of the users, scattered.
local function popular()
	if draw(2) == 1 then
		return users[draw(USERS // 100) * 7919 % USERS + 1]
	end
	return users[draw(USERS)]
end

local function visit(who)
	local history = who.history

	who.visits = who.visits + 1
	history[#history + 1] = {at = who.visits, page = "/page/" .. draw(1000)}
	if #history > HISTORY then
		who.history = table.move(history, #history // 2, #history, 1, {})
	end
end

while true do
	local who = popular()

	visit(who)
	visit(who.friends[draw(FRIENDS)])
	if draw(1000) == 1 then
		local i = draw(USERS)

		users[i] = user(i)
		for k = 1, FRIENDS do
			users[i].friends[k] = users[draw(USERS)]
		end
	end
end
