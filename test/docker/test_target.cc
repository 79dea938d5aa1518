#include "docker/target.h"

#include <criterion/criterion.h>

#include <string>

#include "base/http.h"

using docker::CanonicalTarget;
using docker::canonicalTarget;
using Kind = CanonicalTarget::Kind;

Test(target, what_is_canonical_stays_as_it_came) {
  for (std::string target : {"/", "/_ping", "/v1.41/containers/json?all=1",
                             "/images/a/b:c@sha256:0/json", "/containers/web/json?x=%zz;//.",
                             "/a+b,c;d=e&f$-._~/g", "/images/...x/.y/z./json", "/a/", "/_ping?"}) {
    CanonicalTarget made = canonicalTarget("GET", target);
    cr_expect(made.kind == Kind::same, "%s", target.c_str());
    cr_expect_eq(made.text, "", "%s", target.c_str());
  }
  cr_expect(canonicalTarget("OPTIONS", "*").kind == Kind::same);
}

Test(target, each_spelling_has_one_form) {
  const struct {
    std::string came;
    std::string canonical;
  } targets[] = {
      {"/v1.41/containers/%63reate?name=x", "/v1.41/containers/create?name=x"},
      {"/v1.41/%63ontainers/create", "/v1.41/containers/create"},
      {"/%761.41/containers/create", "/v1.41/containers/create"},
      {"/containers%2fcreate", "/containers/create"},
      {"/containers%2Fcreate", "/containers/create"},
      {"/v1%2e41/containers/create", "/v1.41/containers/create"},
      {"/%73warm/init", "/swarm/init"},
      {"/images/localhost%3A5000%2Fapp%3a1/json", "/images/localhost:5000/app:1/json"},
      {"/containers/a%20b/json", "/containers/a%20b/json"},
      {"/containers/a%3fb/json?x=%41", "/containers/a%3Fb/json?x=%41"},
      {"/containers/%2561/json", "/containers/%2561/json"},
      {"/containers/a#b/json", "/containers/a%23b/json"},
      {"/containers/(a)/json", "/containers/%28a%29/json"},
      {"/containers/\xe9/json", "/containers/%E9/json"},
      {"/containers/%00/json", "/containers/%00/json"},
      {"http://host/v1.41/containers/create?name=x", "/v1.41/containers/create?name=x"},
      {"HTTP://user@host:99/_ping", "/_ping"},
      {"unix+x-1.0:/_ping", "/_ping"},
      {"http:///%5fping", "/_ping"},
      {"http://[::1]:2375/_ping", "/_ping"},
  };
  for (const auto& each : targets) {
    CanonicalTarget made = canonicalTarget("POST", each.came);
    cr_expect(made.kind == Kind::rewritten, "%s", each.came.c_str());
    cr_expect_eq(made.text, each.canonical, "%s: %s", each.came.c_str(), made.text.c_str());
  }
}

Test(target, a_path_that_is_not_clean_has_moved) {
  const struct {
    std::string came;
    std::string location;
  } targets[] = {
      {"/v1.41//_ping?a=b", "/v1.41/_ping?a=b"},
      {"//_ping", "/_ping"},
      {"/v1.41/./_ping", "/v1.41/_ping"},
      {"/v1.41/_ping/.", "/v1.41/_ping"},
      {"/images/../_ping", "/_ping"},
      {"/../../_ping/..", "/"},
      {"/%2e%2e/y", "/y"},
      {"/x%2f%2fy", "/x/y"},
      {"/a//", "/a/"},
      {"/a%20b//c\"", "/a%20b/c%22"},
      {"/images/a/./b*/json?x=1", "/images/a/b%2A/json?x=1"},
      {"http://host//_ping", "/_ping"},
      {"http://host", "/"},
      {"http://host?x", "/?x"},
      {"*", "/%2A"},
  };
  for (const auto& each : targets) {
    CanonicalTarget made = canonicalTarget("GET", each.came);
    cr_expect(made.kind == Kind::moved, "%s", each.came.c_str());
    cr_expect_eq(made.text, each.location, "%s: %s", each.came.c_str(), made.text.c_str());
  }
}

Test(target, what_names_no_path_is_refused) {
  for (std::string target : {"", "containers/create", "http:containers/create", "host:80", "?x",
                             ":/_ping", "1http://host/", "ht_tp://host/", "/%", "/%4", "/%zz/json",
                             "/a%4g", "http://[::1/_ping", "http://host]/_ping", "**"}) {
    int status = 0;
    try {
      canonicalTarget("POST", target);
    } catch (const base::HttpError& malformed) {
      status = malformed.status();
    }
    cr_expect_eq(status, 400, "%s", target.c_str());
  }
}
