// Traced: the promise type of a coroutine type of one's own, so that `tasks` knows its coroutines exactly. Defined away
// in the build that shows how much of them is found without.
#pragma once

#include <tasks/coroutine.hpp>

#ifdef PAYMENTS_UNINSTRUMENTED
template <class Promise> using Traced = Promise;
#else
template <class Promise> using Traced = tasks::traced<Promise>;
#endif
