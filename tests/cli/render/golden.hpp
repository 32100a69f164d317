// Texts that must not change unnoticed: tests/golden/NAME, compared byte by byte. With TASKS_APPROVE=1 in the
// environment the files are written anew instead, to be looked at with git diff.
#pragma once

#include <string>

namespace tasks::render {

/// Fails the running test where `text` is not the golden file's.
void check_golden(const std::string& name, const std::string& text);

} // namespace tasks::render
