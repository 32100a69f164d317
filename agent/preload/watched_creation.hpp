// The watch on pthread_create(), the one function of libc's that this library stands before. It notes who makes a
// thread, where and when, and hands on to the real one: with no agent, or no room, as if it were not there.
#pragma once

#include "birth_interface.hpp"

namespace tasks::agent {

/// From now on births go there. Once.
void watch_creation(const BirthInterface& births) noexcept;

} // namespace tasks::agent
