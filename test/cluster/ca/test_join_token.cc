#include "cluster/ca/join_token.h"

#include <criterion/criterion.h>

#include <array>
#include <set>
#include <string>

using namespace cluster;

namespace {

std::string whyNot(const std::string& text) {
  ParsedToken parsed = parseJoinToken(text);
  cr_expect_not(parsed.token.has_value(), "%s is taken", text.c_str());
  return parsed.why;
}

JoinToken sample() {
  JoinToken token;
  for (size_t i = 0; i < token.authority.size(); i++) token.authority[i] = static_cast<uint8_t>(i);
  token.secret = Secret("0123456789abcdefghijklmno");
  return token;
}

}  // namespace

Test(join_token, has_dockers_form_and_reads_back) {
  JoinToken token = sample();
  std::string text = textOf(token);
  cr_expect_eq(text.size(), 85);
  cr_expect(text.starts_with("SWMTKN-1-0"), "%s", text.c_str());
  cr_expect(text.ends_with("-0123456789abcdefghijklmno"), "%s", text.c_str());
  ParsedToken parsed = parseJoinToken(text);
  cr_assert(parsed.token, "%s", parsed.why.c_str());
  cr_expect(parsed.token->authority == token.authority);
  cr_expect(parsed.token->allows(token));
}

Test(join_token, numbers_in_base_36_are_right) {
  const struct {
    std::array<uint8_t, 2> number;
    std::string text;
  } cases[] = {{{0, 0}, "0000"}, {{0, 35}, "000z"}, {{0, 36}, "0010"}, {{255, 255}, "1ekf"}};
  for (const auto& each : cases) {
    cr_expect_eq(base36(each.number, 4), each.text);
    std::array<uint8_t, 2> read;
    cr_expect(fromBase36(each.text, read) && read == each.number, "%s", each.text.c_str());
  }
  std::array<uint8_t, 2> small;
  cr_expect_not(fromBase36("1ekg", small), "65536 does not fit into two bytes");
  // 2^256 - 1 fits into 50 digits, 2^256 is refused.
  std::array<uint8_t, 32> all;
  all.fill(255);
  std::string greatest = base36(all, 50);
  std::array<uint8_t, 32> read;
  cr_expect(fromBase36(greatest, read) && read == all);
  greatest.back()++;
  cr_expect_not(fromBase36(greatest, read));
}

Test(join_token, what_is_none_is_refused_with_the_reason) {
  std::string good = textOf(sample());
  std::string upper = good, tooGreat = good, secretTooGreat = good;
  upper[20] = 'A';
  tooGreat.replace(9, 50, std::string(50, 'z'));
  secretTooGreat.replace(60, 25, std::string(25, 'z'));
  const struct {
    std::string text, why;
  } cases[] = {
      {"", "does not begin with SWMTKN-"},
      {"SWMTKN", "does not begin with SWMTKN-"},
      {"hunter2", "does not begin with SWMTKN-"},
      {" " + good, "does not begin with SWMTKN-"},
      {"SWMTKN-", "only version 1"},
      {"SWMTKN-2-1-" + good.substr(9), "only version 1"},
      {good.substr(0, 84), "is it complete?"},
      {good + "0", "is it complete?"},
      {good + "\n", "is it complete?"},
      {good.substr(0, 59) + "_" + good.substr(60), "is it complete?"},
      {upper, "is not the digest"},
      {tooGreat, "is not the digest"},
      {secretTooGreat, "is not a secret"},
      {good.substr(0, 84) + std::string(1, '\0'), "is not a secret"},
  };
  for (const auto& each : cases) {
    std::string why = whyNot(each.text);
    cr_expect(why.find(each.why) != std::string::npos, "%s: %s", each.text.c_str(), why.c_str());
    cr_expect(why.find("mno") == std::string::npos, "it quotes the secret: %s", why.c_str());
  }
}

Test(join_token, allows_only_its_own_secret) {
  JoinToken token = sample(), other = sample(), none;
  other.secret = Secret("0123456789abcdefghijklmnp");
  cr_expect(token.allows(sample()));
  cr_expect_not(token.allows(other));
  cr_expect_not(token.allows(none));
  cr_expect_not(none.allows(none), "a token that was never made lets nobody in");
}

Test(join_token, secrets_differ_and_have_25_digits) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; i++) {
    Secret secret = makeTokenSecret();
    cr_expect_eq(secret.reveal().size(), 25);
    seen.insert(std::string(secret.reveal()));
  }
  cr_expect_eq(seen.size(), 100);
}
