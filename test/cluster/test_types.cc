// Ids of nodes, and addresses as text.

#include "cluster/types.h"

#include <criterion/criterion.h>

#include <string>

using namespace cluster;

Test(types, an_id_is_25_digits_and_small_letters) {
  const std::string good = "0123456789abcdefghijklxyz";
  std::optional<NodeId> id = NodeId::parse(good);
  cr_assert(id);
  cr_expect_eq(id->text(), good);
  for (size_t i = 0; i < good.size(); i++) {
    for (char wrong : {'A', ' ', '-', '\0', '\xe9', '/', ':', '`', '{'}) {
      std::string text = good;
      text[i] = wrong;
      cr_expect_not(NodeId::parse(text), "%s", text.c_str());
    }
  }
  for (const std::string& text : {std::string(), good.substr(1), good + "0"})
    cr_expect_not(NodeId::parse(text), "%s", text.c_str());
}

Test(types, ids_compare_as_their_texts) {
  NodeId nobody, nine = *NodeId::parse(std::string(25, '9')),
                 a = *NodeId::parse(std::string(25, 'a'));
  cr_expect_eq(nobody.text(), std::string(25, '0'));
  cr_expect(nobody < nine && nine < a && !(a < nine));
  cr_expect(nine == *NodeId::parse(std::string(25, '9')));
  cr_expect(nine != a);
  cr_expect_eq(std::hash<NodeId>()(a), std::hash<NodeId>()(NodeId(a)));
}

Test(types, addresses_go_there_and_back) {
  const struct {
    const char* host;
    const char* text;
  } cases[] = {{"10.1.2.3", "10.1.2.3:7946"},
               {"0.0.0.0", "0.0.0.0:7946"},
               {"fd00::1", "[fd00::1]:7946"},
               {"::", "[::]:7946"},
               {"::1", "[::1]:7946"}};
  for (const auto& each : cases) {
    std::optional<Endpoint> endpoint = Endpoint::parse(each.host, 7946);
    cr_assert(endpoint, "%s", each.host);
    cr_expect_eq(endpoint->host(), each.host);
    cr_expect_eq(endpoint->text(), each.text);
  }
  cr_expect(Endpoint::parse("::ffff:10.1.2.3", 1) == Endpoint::parse("10.1.2.3", 1));
  cr_expect(Endpoint::parse("10.1.2.3", 1) != Endpoint::parse("10.1.2.3", 2));
}

Test(types, what_is_no_numeric_address_is_refused) {
  for (const char* host : {"", "host", "10.1.2", "10.1.2.256", "10.1.2.3:7946", "[::1]", "fd00::g",
                           " 10.1.2.3", "1.2.3.4.5"})
    cr_expect_not(Endpoint::parse(host, 1), "%s", host);
}
