// Tests of base\/http.h.
#include <criterion/criterion.h>
