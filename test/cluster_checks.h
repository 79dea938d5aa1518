#pragma once

// What tests of a cluster ask of its nodes, and see in their answers and records.

#include <criterion/criterion.h>

#include <cstdio>
#include <string>

#include "test/cluster_house.h"

namespace test {

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::string messageIn(const base::HttpReply& reply) {
  return std::string(base::text(base::parseJson(reply.body), "message"));
}

inline void expectRefused(const base::HttpReply& reply, int status, const std::string& words) {
  cr_expect_eq(reply.status, status, "%d: %s", reply.status, reply.body.c_str());
  cr_expect(holds(messageIn(reply), words), "%s: %s", words.c_str(), reply.body.c_str());
}

// Whether `host` knows this value of `owner`'s record.
inline bool knows(Host& host, const cluster::NodeId& owner, const std::string& key,
                  const std::string& value) {
  const cluster::Record* record = host.agent().state().find(owner, key);
  return record && record->value == value;
}

// The body of a create request; `more` are members of it.
inline std::string create(const std::string& image, const std::string& more = "") {
  return "{\"Image\":\"" + image + "\"" + (more.empty() ? "" : "," + more) + "}";
}

// An answer of a node that sends an image, or whatever else, in chunks.
inline std::string inChunks(const std::string& body) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size());
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (size + body) + "\r\n0\r\n\r\n";
}

}  // namespace test
