// Listings and sums over the keys of a bucket.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/catalog.h"
#include "catalog/state.h"

#include <string>

namespace holdfast::catalog {

Task<Result<ListPage>> list_objects(State& state, ListRequest request);

// Reads a counter where the prefix ends with '/' or is empty, and one directory's rows otherwise.
Task<Result<Usage>> sum_usage(State& state, BucketId bucket, std::string prefix);

}  // namespace holdfast::catalog
