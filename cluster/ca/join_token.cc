#include "cluster/ca/join_token.h"

#include <algorithm>
#include <array>
#include <vector>

namespace cluster {
namespace {

constexpr std::string_view digitSet = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view family = "SWMTKN-";
constexpr std::string_view version = "1-";
constexpr size_t digestDigits = 50;
constexpr size_t secretDigits = 25;
using SecretNumber = std::array<uint8_t, 16>;

ParsedToken wrong(std::string why) {
  return {std::nullopt, std::move(why)};
}

}  // namespace

std::string base36(std::span<const uint8_t> number, size_t digits) {
  std::vector<uint8_t> rest(number.begin(), number.end());
  std::string text(digits, '0');
  for (size_t at = digits; at-- > 0;) {
    unsigned remainder = 0;
    for (uint8_t& each : rest) {
      unsigned value = remainder << 8 | each;
      each = static_cast<uint8_t>(value / 36);
      remainder = value % 36;
    }
    text[at] = digitSet[remainder];
  }
  return text;
}

bool fromBase36(std::string_view text, std::span<uint8_t> number) {
  std::fill(number.begin(), number.end(), uint8_t{0});
  for (char each : text) {
    size_t digit = digitSet.find(each);
    if (digit == std::string_view::npos) return false;
    unsigned carry = static_cast<unsigned>(digit);
    for (size_t at = number.size(); at-- > 0;) {
      carry += number[at] * 36u;
      number[at] = static_cast<uint8_t>(carry);
      carry >>= 8;
    }
    if (carry) return false;
  }
  return true;
}

std::string textOf(const JoinToken& token) {
  std::string text(family);
  text += version;
  text += base36(token.authority, digestDigits);
  text += '-';
  text += token.secret.reveal();
  return text;
}

ParsedToken parseJoinToken(std::string_view text) {
  if (!text.starts_with(family)) return wrong("it does not begin with SWMTKN-");
  text.remove_prefix(family.size());
  if (!text.starts_with(version)) return wrong("only version 1 (SWMTKN-1-...) is known");
  text.remove_prefix(version.size());
  if (text.size() != digestDigits + 1 + secretDigits || text[digestDigits] != '-')
    return wrong("it should be SWMTKN-1-, 50 digits, a dash and 25 digits; is it complete?");
  JoinToken token;
  if (!fromBase36(text.substr(0, digestDigits), token.authority))
    return wrong("its first part is not the digest of an authority");
  std::string_view secret = text.substr(digestDigits + 1);
  SecretNumber number;
  if (!fromBase36(secret, number)) return wrong("its second part is not a secret");
  token.secret = Secret(secret);
  return {std::move(token), {}};
}

Secret makeTokenSecret() {
  Secret drawn = Secret::random(sizeof(SecretNumber));
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(drawn.reveal().data());
  std::string text = base36({bytes, sizeof(SecretNumber)}, secretDigits);
  return Secret(text);
}

}  // namespace cluster
