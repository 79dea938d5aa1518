// Rows by id: against std::map, through growth, collisions and erasures.

#include "cluster/id_index.h"

#include <criterion/criterion.h>

#include <map>
#include <random>
#include <string>

using cluster::IdIndex;
using cluster::NodeId;

namespace {

struct Row {
  NodeId id;
  int value;
};

const NodeId& idOf(const Row& row) {
  return row.id;
}

NodeId nodeId(unsigned number) {
  std::string text = std::to_string(number);
  return *NodeId::parse(std::string(NodeId::length - text.size(), 'n') + text);
}

}  // namespace

Test(id_index, holds_what_a_map_would) {
  std::mt19937_64 random(7);
  IdIndex<Row> index;
  std::map<NodeId, int> expected;
  for (int step = 0; step < 20'000; step++) {
    NodeId id = nodeId(random() % 300);
    bool known = expected.contains(id);
    if (known && random() % 2 == 0) {
      index.erase(id);
      expected.erase(id);
    } else if (!known) {
      index.add(std::make_unique<Row>(Row{id, step}));
      expected[id] = step;
    }
    cr_assert_eq(index.size(), expected.size());
    NodeId asked = nodeId(random() % 300);
    auto found = expected.find(asked);
    const Row* row = index.find(asked);
    cr_assert_eq(row != nullptr, found != expected.end());
    if (row) cr_assert_eq(row->value, found->second);
  }
  cr_expect_gt(expected.size(), 50);
  for (const auto& [id, value] : expected) cr_expect_eq(index.find(id)->value, value);
  index.clear();
  cr_expect_null(index.find(nodeId(1)));
  cr_expect_eq(index.size(), 0);
}

Test(id_index, an_id_that_lies_in_its_row_can_be_erased_by) {
  IdIndex<Row> index;
  Row& row = index.add(std::make_unique<Row>(Row{nodeId(1), 1}));
  index.erase(row.id);
  cr_expect_null(index.find(nodeId(1)));
}
