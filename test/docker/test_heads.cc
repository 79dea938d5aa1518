#include "docker/heads.h"

#include <criterion/criterion.h>

#include <string>

Test(heads, common_headers_are_those_of_every_answer) {
  cr_expect_eq(docker::commonHeaders("HTTP/1.1 200 OK\r\napi-version: 1.41\r\nX: y\r\n"
                                     "Docker-Experimental: false\r\nOstype: linux\r\n"
                                     "Server: Docker/20.10 (linux)\r\nContent-Type: Server\r\n"),
               "api-version: 1.41\r\nDocker-Experimental: false\r\nOstype: linux\r\n"
               "Server: Docker/20.10 (linux)\r\n");
  cr_expect_eq(docker::commonHeaders(""), "");
}

Test(heads, error_bodies_are_dockers) {
  cr_expect_eq(docker::errorBody("no such \"thing\"\n"),
               "{\"message\":\"no such \\\"thing\\\"\\n\"}\n");
}
