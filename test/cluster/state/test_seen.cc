// What nodes tell each other, with a call, that they have seen.

#include "cluster/state/seen.h"

#include <criterion/criterion.h>

#include <string>

using namespace cluster;

namespace {

const std::string idOne = "0123456789abcdefghijklmno";
const std::string idTwo = "zzzzzzzzzzzzzzzzzzzzzzzzz";

NodeId node(size_t number) {
  std::string text(NodeId::length, 'n');
  text[0] = static_cast<char>('a' + number);
  return *NodeId::parse(text);
}

}  // namespace

Test(seen, is_written_by_id_and_read_again) {
  Versions seen{{*NodeId::parse(idTwo), UINT64_MAX}, {*NodeId::parse(idOne), 0}};
  std::string text = encodeSeen(seen);
  cr_expect_eq(text, idOne + "=0," + idTwo + "=18446744073709551615", "%s", text.c_str());
  cr_expect(decodeSeen(text) == seen);
  cr_expect_eq(encodeSeen({}), "");
  cr_expect(decodeSeen("") == Versions());
}

Test(seen, of_as_many_owners_as_are_told_fits_well_into_a_head) {
  Versions seen;
  for (size_t i = 0; i < maxSeen; i++) seen[node(i)] = UINT64_MAX;
  std::string text = encodeSeen(seen);
  cr_expect_leq(text.size(), 752);
  cr_expect(decodeSeen(text) == seen);
  cr_expect_not(decodeSeen(text + "," + idOne + "=1").has_value(), "one more");
}

Test(seen, what_is_no_such_text_says_nothing) {
  const std::string others[] = {
      "x",
      "=",
      ",",
      idOne,
      idOne + "=",
      idOne + "=x",
      idOne + "=-1",
      idOne + "=+1",
      idOne + "= 1",
      idOne + "=1 ",
      idOne + "=1,",
      "," + idOne + "=1",
      idOne + "=1;" + idTwo + "=2",
      idOne + "=1," + idOne + "=2",
      idOne + "=18446744073709551616",
      idOne.substr(1) + "=1",
      idOne + "0=1",
      "0123456789ABCDEFGHIJKLMNO=1",
      std::string(10'000, '1'),
      std::string("\0", 1),
  };
  for (const std::string& each : others)
    cr_expect_not(decodeSeen(each).has_value(), "%s", each.c_str());
}

Test(lately_changed, the_newest_come_first_and_the_old_not_at_all) {
  LatelyChanged lately;
  cr_expect(lately.since(Time(0)).empty());
  lately.note(Time(1), node(1));
  lately.note(Time(2), node(2));
  lately.note(Time(3), node(3));
  lately.note(Time(4), node(1));
  std::vector<NodeId> expected = {node(1), node(3), node(2)};
  cr_expect(lately.since(Time(0)) == expected);
  expected.pop_back();
  cr_expect(lately.since(Time(3)) == expected);
  cr_expect(lately.since(Time(5)).empty());
}

Test(lately_changed, of_too_many_the_oldest_is_left_out) {
  LatelyChanged lately;
  for (size_t i = 0; i <= maxSeen; i++) lately.note(Time(i), node(i));
  std::vector<NodeId> owners = lately.since(Time(0));
  cr_assert_eq(owners.size(), maxSeen);
  cr_expect(owners.front() == node(maxSeen));
  cr_expect(owners.back() == node(1));
}
