// libtorch already uses every core inside an operator; test classes run one after the other.
[assembly: DoNotParallelize]
