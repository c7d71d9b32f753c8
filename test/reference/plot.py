import pandas as pd
import matplotlib.pyplot as plt
# 读取参数更新历史
df = pd.read_csv("parameter_updates.csv")
# 绘制参数更新趋势图
plt.figure(figsize=(10, 6))
for column in df.columns:
    plt.plot(df[column], label=column)
plt.xlabel("Training Step")
plt.ylabel("Parameter Update Norm")
plt.legend()
plt.show()
