// What a thread is called: the name that was given to it (pthread_setname_np), else what it runs, which the outermost
// frames of its stack tell: the callable of a std::thread, from the type of its state, or the start routine of
// pthread_create. Pure functions, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "symbols/frame.hpp"

namespace tasks::inspect {

/// "main::{lambda()#1}", "Pool::run", "worker" of a stack, innermost frame first; "" where its outermost frames are not
/// those of a thread that was started (the main thread, a stack that ends early), or have no names.
std::string thread_routine(std::span<const Frame> frames);

/// `own` where it differs from the process's name, which threads inherit; else what it runs; else `own` all the same.
std::string thread_name(std::string_view own, std::string_view of_process, std::span<const Frame> frames);

/// The qualified name of a demangled function without return type and parameters, and of a lambda's or a functor's
/// operator() its type: "Pool::run" of "void Pool::run(int)", "main::{lambda()#1}" of
/// "main::{lambda()#1}::operator()()".
std::string routine_name(std::string_view demangled);

} // namespace tasks::inspect
