// The process that the golden files show: a payments service with stuck senders, a worker, queued mails and threads
// of every other fate. Made by hand, the same at every run.
#pragma once

#include "inspect/analysis/made_snapshot.hpp"

namespace tasks::render {

inspect::MadeSnapshot payments();

/// The same service after kill -9: only its table is left.
inspect::MadeSnapshot dead_payments();

} // namespace tasks::render
