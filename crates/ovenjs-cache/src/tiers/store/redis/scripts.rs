//! What runs within the server, in one step: compared, written and told.

use ovenjs_net::RedisScript;

/// Looks at some keys.
macro_rules! page {
    () => {
        r"
local me, after = '', ARGV[1]
if #KEYS > 0 then
  me = redis.call('CLUSTER', 'MYID') .. ':'
  if after:sub(1, #me) == me then after = after:sub(#me + 1) else after = '0' end
end
local page = redis.call('SCAN', after, 'MATCH', ARGV[2], 'COUNT', ARGV[3], 'TYPE', 'string')
if page[1] ~= '0' then page[1] = me .. page[1] end
"
    };
}

/// Writes each value unless its key holds one that is not over and that it may not replace: of a later epoch,
/// or of the same epoch and another source or a later sequence. Answers the beginning of what is held, or nothing
/// where it was written. Keys: the log, then those. Arguments: the time, how many entries the log keeps, how many bytes
/// each key begins with that the log leaves out, then value and lifetime of each key. Whom it writes it tells of
/// in the log: `w`, from source to the time at which it is over, and the key.
///
/// A value begins with its form (1 byte), source (4), epoch (8), sequence (8) and the time at which it is over
/// (8), the most significant byte first. They are compared by the byte, since Lua compares texts as the server's
/// locale does.
pub(super) static WRITE: RedisScript = RedisScript::repeatable(
    r"
local function order(a, from, b, at, count)
  for step = 0, count - 1 do
    local x, y = a:byte(from + step), b:byte(at + step)
    if x ~= y then return x - y end
  end
  return 0
end
local now = ARGV[1]
local function may_replace(new, held)
  if #held < 29 or held:byte(1) < 2 then return true end
  if order(held, 22, now, 1, 8) <= 0 then return true end
  local epoch = order(new, 6, held, 6, 8)
  if epoch ~= 0 then return epoch > 0 end
  return order(new, 2, held, 2, 4) == 0 and order(new, 14, held, 14, 8) >= 0
end
local answers = {}
for at = 1, #KEYS - 1 do
  local key, new, lifetime = KEYS[at + 1], ARGV[2 * at + 2], ARGV[2 * at + 3]
  local held = redis.call('GETRANGE', key, 0, 28)
  if may_replace(new, held) then
    if lifetime == '' then redis.call('SET', key, new) else redis.call('SET', key, new, 'PX', lifetime) end
    local told = 'w' .. new:sub(2, 29) .. key:sub(ARGV[3] + 1)
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'e', told)
    answers[at] = ''
  else
    answers[at] = held
  end
end
return answers
",
);

/// Forgets a key, if it still has this value.
pub(super) static DISCARD: RedisScript = RedisScript::repeatable(
    r"
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('UNLINK', KEYS[1]) end
return 1
",
);

/// Generations. Keys: the log, then those of the tags. Arguments: the time, with which one begins that is not known, and
/// how long it is kept.
pub(super) static GENERATIONS: RedisScript = RedisScript::repeatable(
    r"
local answers = {}
for at = 1, #KEYS - 1 do
  local key = KEYS[at + 1]
  local generation = redis.call('GET', key)
  if not generation then
    generation = ARGV[1]
    redis.call('SET', key, generation, 'PX', ARGV[2])
  else
    redis.call('PEXPIRE', key, ARGV[2])
  end
  answers[at] = generation
end
return answers
",
);

/// Later generations, told in the log. Twice is a later one again, which does no harm. Keys and arguments as before,
/// then how many entries the log keeps and how many bytes of each key it leaves out.
pub(super) static BUMP: RedisScript = RedisScript::repeatable(
    r"
local answers = {}
for at = 1, #KEYS - 1 do
  local key = KEYS[at + 1]
  local held = tonumber(redis.call('GET', key) or '-1')
  local generation = string.format('%.0f', math.max(tonumber(ARGV[1]), held + 1))
  redis.call('SET', key, generation, 'PX', ARGV[2])
  local told = 't' .. generation .. ':' .. key:sub(ARGV[4] + 1)
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'e', told)
  answers[at] = generation
end
return answers
",
);

/// Takes a key for a holder, if it is nobody's any more or his. Arguments: the time, until when, the holder, and
/// for how long. Its value is until when, and the holder.
pub(super) static TAKE: RedisScript = RedisScript::repeatable(
    r"
local held = redis.call('GET', KEYS[1])
if held and #held == 16 and held:sub(9) ~= ARGV[3] then
  for at = 1, 8 do
    local left, now = held:byte(at), ARGV[1]:byte(at)
    if left > now then return 0 end
    if left < now then break end
  end
end
local value = ARGV[2] .. ARGV[3]
if ARGV[4] == '' then redis.call('SET', KEYS[1], value) else redis.call('SET', KEYS[1], value, 'PX', ARGV[4]) end
return 1
",
);

/// Gives a key back, if it is this holder's.
pub(super) static GIVE_BACK: RedisScript = RedisScript::repeatable(
    r"
local held = redis.call('GET', KEYS[1])
if held and held:sub(9) == ARGV[1] then redis.call('UNLINK', KEYS[1]) end
return 1
",
);

/// Some keys and their values. Arguments: where to go on, the pattern, and how many keys to look at. With keys it is a
/// part of a cluster: where to go on means something to the node alone that said it, and another one begins anew.
pub(super) static SCAN: RedisScript = RedisScript::repeatable(concat!(
    page!(),
    r"
local found = {}
for at, key in ipairs(page[2]) do
  found[2 * at - 1] = key
  found[2 * at] = redis.call('GET', key)
end
return {page[1], found}
",
));

/// Forgets some keys and answers how many. Keys and arguments as for [`SCAN`].
pub(super) static ERASE: RedisScript = RedisScript::repeatable(concat!(
    page!(),
    r"
local erased = 0
for _, key in ipairs(page[2]) do erased = erased + redis.call('UNLINK', key) end
return {page[1], erased}
",
));
